//go:build !amd64

package hashpair

func without() (restore func()) { return func() {} }
