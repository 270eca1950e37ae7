// A driver of CUDA that remembers what it was asked for, and says so when it is asked for an error's text.

#include <cstdio>
#include <cstring>
#include <set>

static char said[1024];
static int next_status = 0;
static std::set<void*> pinned;

extern "C" {

void answer_with(int status) { next_status = status; }
const char* last_call() { return said; }

static int answer() {
    int status = next_status;
    next_status = 0;
    return status;
}

int cuGetErrorString(int status, const char** text) {
    *text = status == 700 ? "an illegal memory access was encountered" : "some error";
    return 0;
}

int cuMemHostRegister_v2(void* address, size_t size, unsigned flags) {
    snprintf(said, sizeof said, "pin %zu %u", size, flags);
    if (!pinned.insert(address).second) return 712;
    return answer();
}

int cuMemHostUnregister(void* address) { return pinned.erase(address) ? 0 : 713; }

int cuModuleLoadData(void** module, const void* code) {
    *module = (void*)0x1234567890ab;
    snprintf(said, sizeof said, "load %s", (const char*)code);
    return answer();
}

int cuModuleGetFunction(void** function, void* module, const char* name) {
    if (module != (void*)0x1234567890ab) return 400;
    *function = (void*)(0xf00000000000 + strlen(name));
    return answer();
}

int cuModuleUnload(void* module) {
    snprintf(said, sizeof said, "unload %p", module);
    return answer();
}

int cuLaunchKernel(void* function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned y2, unsigned z2,
                   unsigned shared, void* stream, void** arguments, void** extra) {
    snprintf(said, sizeof said, "%p: %u %u %u blocks of %u %u %u, %u shared, on %p: %p %lld, %p", function, x, y, z, threads,
             y2, z2, shared, stream, *(void**)arguments[0], *(long long*)arguments[1], (void*)extra);
    return answer();
}
}
