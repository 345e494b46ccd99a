// SPDX-License-Identifier: Apache-2.0
//
// A list whose links live inside its members, so that joining, leaving and moving allocate nothing
// and cost the same at any length. A member is in at most one list and leaves it when it dies; a
// list that dies lets its members go.
//
// Thread: one owner for a list and all its members.
#pragma once

namespace weir {

class Link {
 public:
  Link() = default;
  ~Link() { unlink(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool linked() const { return next_ != nullptr; }

  void unlink() {  // harmless when in no list
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

 private:
  template <class T>
  friend class List;

  Link* next_ = nullptr;
  Link* previous_ = nullptr;
};

// Expects: T derives from Link.
template <class T>
class List {
 public:
  List() { head_.next_ = head_.previous_ = &head_; }
  ~List() {
    while (take_first() != nullptr) {
    }
    head_.next_ = nullptr;
  }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  bool empty() const { return head_.next_ == &head_; }
  T* first() { return cast(head_.next_); }
  T* after(T& member) { return cast(static_cast<Link&>(member).next_); }

  // A member of this or another list moves to the end of this one.
  void append(T& member) { join(member, *head_.previous_, head_); }

  void prepend(T& member) { join(member, head_, *head_.next_); }

  // Leaves the list; nullptr when there is none.
  T* take_first() {
    T* const member = first();
    if (member != nullptr) static_cast<Link*>(member)->unlink();
    return member;
  }

  // Takes over all members of `other`, in order, behind the own ones.
  void append_all(List& other) {
    if (other.empty()) return;
    other.head_.next_->previous_ = head_.previous_;
    other.head_.previous_->next_ = &head_;
    head_.previous_->next_ = other.head_.next_;
    head_.previous_ = other.head_.previous_;
    other.head_.next_ = other.head_.previous_ = &other.head_;
  }

 private:
  T* cast(Link* link) { return link == &head_ ? nullptr : static_cast<T*>(link); }

  static void join(T& member, Link& before, Link& after) {
    Link& link = member;
    Link* const previous = &before == &link ? link.previous_ : &before;
    Link* const next = &after == &link ? link.next_ : &after;
    link.unlink();
    link.previous_ = previous;
    link.next_ = next;
    previous->next_ = &link;
    next->previous_ = &link;
  }

  Link head_;
};

}  // namespace weir
