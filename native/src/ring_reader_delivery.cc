// SPDX-License-Identifier: Apache-2.0
/** The part of RingReader that hands batches over on the JavaScript thread. */
#include <array>

#include "ring_reader.h"

namespace merlon {
namespace {

/** Makes the pending exception an uncaught one; false when there is none. */
bool reportUncaught(Napi::Env env) {
  bool pending = false;
  napi_value exception;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return false;
  return napi_get_and_clear_last_exception(env, &exception) == napi_ok &&
         napi_fatal_exception(env, exception) == napi_ok;
}

}  // namespace

void RingReader::wake(napi_env env, napi_value, void* reader, void*) {
  // Without an environment the wake-up is only taken off the queue: the thread is ending.
  if (env != nullptr) static_cast<RingReader*>(reader)->deliver(env);
}

/**
 * Called by Node, not by JavaScript, so it throws nothing. Where a call fails without an exception, the
 * thread is being terminated: no more JavaScript runs, and the cleanup hook ends the reader.
 */
void RingReader::deliver(Napi::Env env) {
  size_t count;
  {
    std::lock_guard lock(mutex_);
    count = queue_.size();
    if (count == 0) deliveryPending_ = false;
  }
  if (count == 0) return;
  for (; count > 0; count--) {
    const auto index = takeQueued();
    if (!index) break;  // the callback has called stop()
    if (handOver(env, *index) != napi_ok && !reportUncaught(env)) return;
  }
  deliverLater(env);
}

/**
 * Asks for the next turn of the event loop, also when the queue is empty now: woken again by the thread
 * instead, Node would call us up to a thousand times in this turn, while timers and sockets wait.
 */
void RingReader::deliverLater(Napi::Env env) {
  Napi::HandleScope scope(env);
  napi_value function;
  const auto again = [](napi_env callEnv, napi_callback_info info) -> napi_value {
    size_t count = 1;
    napi_value self;
    if (napi_get_cb_info(callEnv, info, &count, &self, nullptr, nullptr) != napi_ok) return nullptr;
    Unwrap(Napi::Object(callEnv, self))->deliver(callEnv);
    return nullptr;
  };
  if (napi_create_function(env, "deliver", NAPI_AUTO_LENGTH, again, nullptr, &function) != napi_ok) return;
  // The object travels as an argument, which keeps it alive until then.
  const std::array<napi_value, 2> arguments{function, Value()};
  if (napi_call_function(env, setImmediate_.Value(), setImmediate_.Value(), arguments.size(),
                         arguments.data(), nullptr) != napi_ok) {
    reportUncaught(env);
  }
}

std::optional<size_t> RingReader::takeQueued() {
  std::lock_guard lock(mutex_);
  if (queue_.empty()) return std::nullopt;
  const size_t index = queue_.front();
  queue_.pop_front();
  buffers_[index].state = State::kHeld;
  return index;
}

napi_status RingReader::handOver(Napi::Env env, size_t index) {
  Napi::HandleScope scope(env);
  const Buffer& buffer = buffers_[index];
  batches_++;
  const std::array<napi_value, 4> arguments{
      buffer.array.Value(), Napi::Number::New(env, static_cast<double>(buffer.bytes)),
      Napi::Number::New(env, buffer.records), Napi::Number::New(env, static_cast<double>(index))};
  return napi_call_function(env, env.Undefined(), onBatch_.Value(), arguments.size(), arguments.data(),
                            nullptr);
}

}  // namespace merlon
