//go:build race

package tracker

// flood is how many announces a flood has: the race detector makes each ten times
// as slow.
const flood = 100_000
