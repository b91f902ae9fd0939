// SPDX-License-Identifier: Apache-2.0
#include "libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <deque>

namespace merlon {
namespace {

constexpr size_t kTellingLines = 24;
constexpr size_t kTellingBytes = 4096;
constexpr std::string_view kPrefix = "libbpf: ";

// libbpf's print callback gets no context, so the thread is the only way to tell whose message it is.
thread_local LogCapture* currentCapture = nullptr;

int handleMessage(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (currentCapture == nullptr || level != LIBBPF_WARN) return 0;
  char line[1024];
  const int length = vsnprintf(line, sizeof(line), format, arguments);
  if (length > 0) currentCapture->add(line);
  return length;
}

bool isStatistics(std::string_view line) {
  return line.starts_with("processed ") || line.starts_with("verification time ") ||
         line.starts_with("stack depth ");
}

}  // namespace

void installLogHandler() { libbpf_set_print(handleMessage); }

LogCapture::LogCapture() { currentCapture = this; }
LogCapture::~LogCapture() { currentCapture = nullptr; }

std::string LogCapture::subject(std::string_view kind) const {
  const std::string start = std::string(kPrefix) + std::string(kind) + " '";
  for (const auto& line : lines_) {
    if (!line.starts_with(start)) continue;
    const size_t end = line.find('\'', start.size());
    if (end != std::string::npos) return line.substr(start.size(), end - start.size());
  }
  return "";
}

std::string LogCapture::hint() const {
  if (lines_.empty()) return "";
  std::string_view line = lines_.front();
  // That one repeats the errno, which the message has already.
  if (line.find("BPF program load failed") != std::string_view::npos) return "";
  if (line.starts_with(kPrefix)) line.remove_prefix(kPrefix.size());
  return " (" + std::string(line.substr(0, line.find('\n'))) + ")";
}

std::string tellingPart(std::string_view log) {
  std::deque<std::string_view> kept;
  size_t bytes = 0;
  while (!log.empty()) {
    if (log.back() == '\n') {
      log.remove_suffix(1);
      continue;
    }
    const size_t start = log.rfind('\n') + 1;  // npos + 1 is 0: the first line
    const std::string_view line = log.substr(start);
    log.remove_suffix(line.size());
    if (kept.empty() && isStatistics(line)) continue;
    bytes += line.size() + 1;
    if (kept.size() == kTellingLines || (bytes > kTellingBytes && !kept.empty())) break;
    kept.push_front(line);
  }
  std::string text;
  for (const auto line : kept) text.append(line).append("\n");
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace merlon
