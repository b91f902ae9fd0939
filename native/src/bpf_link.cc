// SPDX-License-Identifier: Apache-2.0
#include "bpf_link.h"

#include <bpf/bpf.h>

#include <vector>

#include "addon_state.h"
#include "arguments.h"
#include "bpf_program.h"
#include "errors.h"
#include "pinned.h"

namespace merlon {

Napi::Function BpfLink::init(Napi::Env env) {
  return DefineClass(env, "BpfLink",
                     {
                         StaticMethod<&BpfLink::openPinned>("openPinned"),
                         InstanceAccessor<&BpfLink::fd>("fd"),
                         InstanceMethod<&BpfLink::info>("info"),
                         InstanceMethod<&BpfLink::pin>("pin"),
                         InstanceMethod<&BpfLink::update>("update"),
                         InstanceMethod<&BpfLink::readIterator>("readIterator"),
                         InstanceMethod<&BpfLink::detach>("detach"),
                         InstanceMethod<&BpfLink::close>("close"),
                     });
}

BpfLink::BpfLink(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BpfLink>(info) {
  if (!info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "BpfLink is made by attach or openPinned");
  attachment_ = std::move(*info[0].As<Napi::External<Attachment>>().Data());
  // Collecting a forgotten handle would silently detach the program: it lives until it is closed.
  Ref();
}

Napi::Value BpfLink::wrap(Napi::Env env, Attachment attachment) {
  return AddonState::of(env).bpfLink.New({Napi::External<Attachment>::New(env, &attachment)});
}

Napi::Value BpfLink::openPinned(const Napi::CallbackInfo& info) {
  const auto path = toString(info[0], "path");
  return wrap(info.Env(), {.fd = openPinnedObject(info.Env(), path, PinnedKind::kLink), .pinPath = path});
}

int BpfLink::opened(Napi::Env env) const {
  if (!attachment_.libbpf && !attachment_.fd.valid()) throwErrno(env, "Cannot use a closed link", EBADF);
  return attachment_.descriptor();
}

Napi::Value BpfLink::fd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), opened(info.Env()));
}

Napi::Value BpfLink::info(const Napi::CallbackInfo& info) {
  bpf_link_info details{};
  uint32_t bytes = sizeof(details);
  const int fd = opened(info.Env());
  const int error = fd < 0 ? 0 : -bpf_obj_get_info_by_fd(fd, &details, &bytes);
  if (error != 0) throwErrno(info.Env(), "Cannot read the properties of a link", error);
  auto result = Napi::Object::New(info.Env());
  result.Set("id", details.id);
  result.Set("programId", details.prog_id);
  result.Set("type", details.type);
  return result;
}

void BpfLink::pin(const Napi::CallbackInfo& info) {
  const auto path = toString(info[0], "path");
  const std::string action = "Cannot pin a link at " + inQuotes(path);
  const int fd = opened(info.Env());
  if (attachment_.libbpf) {
    throwFailure(info.Env(), {.message = action + ": libbpf switches this kind off when its handle is closed",
                              .error = EOPNOTSUPP});
  }
  const int error = -bpf_obj_pin(fd, path.c_str());
  if (error != 0) throwErrno(info.Env(), action, error);
  attachment_.pinPath = path;
}

void BpfLink::update(const Napi::CallbackInfo& info) {
  const auto& program = toWrapped<BpfProgram>(info[0], AddonState::of(info.Env()).bpfProgram, "program");
  const auto& loaded = program.opened(info.Env());
  const int error = -bpf_link_update(opened(info.Env()), loaded.fd.get(), nullptr);
  if (error == 0) return;
  throwFailure(info.Env(), {.message = "Cannot replace the program of a link by " + inQuotes(loaded.name) +
                                       ": " + errnoText(error),
                            .error = error,
                            .program = loaded.name});
}

Napi::Value BpfLink::readIterator(const Napi::CallbackInfo& info) {
  FileDescriptor iterator(bpf_iter_create(opened(info.Env())));
  if (!iterator.valid()) throwErrno(info.Env(), "Cannot create an iterator", errno);
  std::vector<uint8_t> text;
  constexpr size_t kStep = 64 << 10;
  for (;;) {
    const size_t length = text.size();
    text.resize(length + kStep);
    const ssize_t got = read(iterator.get(), text.data() + length, kStep);
    // EAGAIN: the kernel pauses after a million objects without output (kernel/bpf/bpf_iter.c) and goes on
    // when asked.
    const bool again = got < 0 && (errno == EAGAIN || errno == EINTR);
    text.resize(length + (got > 0 ? got : 0));
    if (got == 0) break;
    if (got < 0 && !again) throwErrno(info.Env(), "Cannot read an iterator", errno);
  }
  auto bytes = Napi::Uint8Array::New(info.Env(), text.size());
  std::copy(text.begin(), text.end(), bytes.Data());
  return bytes;
}

void BpfLink::detach(const Napi::CallbackInfo& info) {
  const int fd = opened(info.Env());
  const int error = attachment_.libbpf ? EOPNOTSUPP : -bpf_link_detach(fd);
  // Tracing, perf event and raw tracepoint links have no detach of their own: they end with their last
  // reference.
  if (error != 0 && error != EOPNOTSUPP) throwErrno(info.Env(), "Cannot detach a link", error);
  if (error == EOPNOTSUPP && !attachment_.pinPath.empty() && unlink(attachment_.pinPath.c_str()) != 0 &&
      errno != ENOENT) {
    throwErrno(info.Env(), "Cannot remove the pin " + inQuotes(attachment_.pinPath), errno);
  }
  drop();
}

void BpfLink::close(const Napi::CallbackInfo&) { drop(); }

void BpfLink::drop() {
  if (attachment_.libbpf || attachment_.fd.valid()) Unref();
  attachment_.libbpf.reset();
  attachment_.object.reset();
  attachment_.fd.reset();
}

}  // namespace merlon
