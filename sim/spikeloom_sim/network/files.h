// Where a model finds the files that its memories are filled from. Included by one C++ file of a
// library.
#pragma once

#include <string>

namespace spikeloom {

// With its last slash. Set before a model is made, by the thread that makes it.
static thread_local std::string rtl_folder;

}  // namespace spikeloom

// Called by the models, see verilate.py.
extern "C" const char* spikeloom_file(const char* name) {
    static thread_local std::string path;
    path = spikeloom::rtl_folder + name;
    return path.c_str();
}
