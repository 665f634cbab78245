// SPDX-License-Identifier: MIT
//
// The program of headers_together: that it links, starts and ends, with every header in it, is the test.
int main() {}
