package hashpair

import "github.com/klauspost/cpuid/v2"

var accelerated = cpuid.CPU.Supports(cpuid.SHA, cpuid.SSSE3, cpuid.SSE4)

// sha1Pair hashes so many blocks of two messages; blocks is at least 1.
//
//go:noescape
func sha1Pair(a, b *[5]uint32, p, q *byte, blocks int)

// sha256Pair hashes so many blocks of two messages; blocks is at least 1.
//
//go:noescape
func sha256Pair(a, b *[8]uint32, p, q *byte, blocks int)
