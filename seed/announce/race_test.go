//go:build race

package announce

const race = true
