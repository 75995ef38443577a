// The one translation unit that compiles Asio and Beast (see cmake/zoomwatch_toolchain.cmake).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
