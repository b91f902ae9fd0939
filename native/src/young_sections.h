// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>

namespace merlon {

/** Types the programs whose sections are younger than libbpf 1.1, which opens them without a type. */
void typeYoungSections(bpf_object* object);

}  // namespace merlon
