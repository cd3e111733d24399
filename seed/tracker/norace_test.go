//go:build !race

package tracker

// flood is how many announces a flood has.
const flood = 1_000_000
