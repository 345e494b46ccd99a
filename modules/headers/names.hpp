// SPDX-License-Identifier: Apache-2.0
//
// What can be the name of a field, and the spelling by which fields are looked up.
//
// Thread: any.
#pragma once

#include <string>
#include <string_view>

// RFC 9110, 5.6.2.
bool is_token(std::string_view text);

std::string lower_case(std::string_view text);
