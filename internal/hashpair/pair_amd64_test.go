package hashpair

// without hides what the processor can do, until the answer is called.
func without() (restore func()) {
	was := accelerated
	accelerated = false
	return func() { accelerated = was }
}
