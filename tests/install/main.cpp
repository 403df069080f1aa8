// Links against every module and calls into the lowest one.
#include <linnet/linnet.h>

#include <cstdio>

int main() {
  const std::string text = linnet::printable("installed\n");
  std::puts(text.c_str());
  return text == "installed\\x0A" || text == "installed\\x0a" ? 0 : 1;
}
