// Everything that a network can be made of.
#ifndef SPIKELOOM_SPIKELOOM_HPP
#define SPIKELOOM_SPIKELOOM_HPP

#include "axis.hpp"
#include "dense.hpp"
#include "event.hpp"
#include "lif.hpp"
#include "max_pool.hpp"
#include "raw.hpp"
#include "residual.hpp"
#include "spikepack.hpp"
#include "streams.hpp"
#include "table.hpp"

#endif
