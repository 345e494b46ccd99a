// SPDX-License-Identifier: Apache-2.0
//
// The main function of each floor's unit tests; every other file of the floor is a suite.
#define BOOST_TEST_MODULE weir
#include <boost/test/unit_test.hpp>
