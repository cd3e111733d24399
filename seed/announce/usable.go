package announce

import "net/url"

// Usable says whether u is an http, https or udp URL with a host, no user name
// or password in it, and one spelling only.
func Usable(u string) bool {
	p, err := url.Parse(u)
	if err != nil || len(u) > 2048 || p.User != nil || p.Hostname() == "" || p.String() != u {
		return false
	}
	switch p.Scheme {
	case "http", "https":
		return true
	case "udp":
		return p.Port() != ""
	}
	return false
}
