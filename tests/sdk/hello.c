// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <weir/module.h>

struct conf { weir_str greeting; };
static const weir_key keys[] = {
  { "greeting", "Text of the x-hello field.", "hello", WEIR_TEXT, WEIR_PER_ROUTE,
    offsetof(struct conf, greeting), NULL, NULL, 0, 0 },
};
static const weir_schema schema = WEIR_SCHEMA(keys, struct conf);
static const weir_http *http;
static uint32_t x_hello;

static weir_rc load(const weir_host *host) {
  http = host->get("weir.http/1");
  x_hello = host->intern((weir_str){ "x-hello", 7 });
  return http ? WEIR_OK : WEIR_UNSUPPORTED;
}

static uint32_t response(const weir_call *call) {
  const struct conf *conf = call->conf;
  http->set(call->tx, WEIR_RESPONSE, x_hello, conf->greeting);
  return WEIR_NEXT;
}

static const weir_http_filter ops = { .size = sizeof ops, .response = response };
static const weir_component hello = { .size = sizeof hello, .kind = "weir.http-filter/1",
  .name = "hello", .doc = "Greets in a response field.", .schema = &schema, .ops = &ops };
static const weir_component *const components[] = { &hello, NULL };
static const weir_module module = { .size = sizeof module, .minor_built = WEIR_ABI_MINOR,
  .name = "hello", .version = "1.0", .license = "Apache-2.0", .components = components,
  .load = load };
WEIR_EXPORT const weir_module *WEIR_ENTRY(void) { return &module; }
WEIR_NOTE("hello", "1.0", "0", "weir.http-filter/1");
