//go:build !amd64

package hashpair

// The standard library has fast code for one message on these systems; nothing here
// does two at a time.
const accelerated = false

func sha1Pair(a, b *[5]uint32, p, q *byte, blocks int)   { panic("not accelerated") }
func sha256Pair(a, b *[8]uint32, p, q *byte, blocks int) { panic("not accelerated") }
