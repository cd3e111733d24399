//go:build !race

package strangers

const race = false
