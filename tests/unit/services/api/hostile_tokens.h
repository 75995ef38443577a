// Texts that are no tokens of any list: what a client may send for one by mistake or on purpose.
#pragma once

#include <string>
#include <vector>

namespace zoomwatch::detector {

// `kind`: the letter that the tokens of the list begin with.
inline std::vector<std::string> HostileTokens(char kind) {
  const std::string begin(1, kind);
  std::vector<std::string> tokens = {begin,
                                     "4",
                                     begin + begin + "4",
                                     begin + "4" + begin + "4",
                                     begin + "-1",
                                     begin + "+4",
                                     begin + " 4",
                                     begin + "4 ",
                                     begin + "04",
                                     begin + "0x4",
                                     begin + "4.0",
                                     begin + "4e0",
                                     begin + "\xd9\xa4",  // another alphabet's digit 4
                                     begin + "18446744073709551616",
                                     begin + "18446744073709551620",
                                     begin + "36893488147419103236",
                                     begin + std::string("4\0", 2),
                                     begin + std::string("\0" "4", 2),
                                     begin + "4\n",
                                     "\x1b[2J",
                                     "\x7f",
                                     "%s%n",
                                     std::string(1 << 20, '9'),
                                     begin + std::string(1 << 20, '0') + "4",
                                     begin + std::string(1 << 20, '9'),
                                     std::string(1 << 20, kind),
                                     std::string(1 << 20, '\x01')};
  for (char other = '!'; other <= '~'; ++other) {
    if (other != kind) tokens.push_back(std::string(1, other) + "4");
  }
  return tokens;
}

}  // namespace zoomwatch::detector
