package publish

import (
	"net/url"
	"slices"
	"strings"
)

// Addresses are where a release is found. They stand outside the torrent's info
// dictionary and in the feeds, so that they can change without a new infohash.
type Addresses struct {
	Base     string   // where public/ is served, ends in "/"
	Own      bool     // the embedded tracker is announced, at Base + "announce"
	Trackers []string // others
	WebSeeds []string // others; "{slug}" stands for the release's slug
	Nodes    []string // of the DHT, "host:port"
}

// Addresses joins the channel's configuration with the address at which this
// process serves, which counts only where none is configured.
func (c *Channel) Addresses(listen string, trackers, webSeeds []string) Addresses {
	a := Addresses{Base: withSlash(listen), Own: c.Config.Seed.OwnTracker == nil || *c.Config.Seed.OwnTracker,
		Trackers: append(slices.Clone(trackers), c.Config.Seed.Trackers...),
		WebSeeds: append(slices.Clone(webSeeds), c.Config.Seed.WebSeeds...), Nodes: c.Config.Seed.Nodes}
	if base := c.Config.Channel.BaseURL; base != "" {
		a.Base = normalBase(base)
	}
	return a
}

// normalBase writes a checked address as records have it: escaped, with a slash
// at its end.
func normalBase(s string) string {
	if u, err := url.Parse(s); err == nil {
		s = u.String()
	}
	return withSlash(s)
}

func withSlash(s string) string { return strings.TrimRight(s, "/") + "/" }

// trackersOf lists a release's trackers: our own first, then those of the
// channel, then those that the release was published with.
func (a Addresses) trackersOf(r *Release) []string {
	var all []string
	if a.Own {
		all = append(all, a.Base+"announce")
	}
	all = append(all, a.Trackers...)
	for _, t := range r.Torrent.Trackers {
		if r.BaseURL == "" || t != r.BaseURL+"announce" {
			all = append(all, t)
		}
	}
	return unique(all)
}

// webSeedsOf lists a release's web seeds in the same order.
func (a Addresses) webSeedsOf(r *Release) []string {
	all := []string{ownWebSeed(a.Base, r.Slug)}
	for _, w := range a.WebSeeds {
		all = append(all, withSlash(strings.ReplaceAll(w, "{slug}", r.Slug)))
	}
	for _, w := range r.Torrent.WebSeeds {
		if r.BaseURL == "" || w != ownWebSeed(r.BaseURL, r.Slug) {
			all = append(all, w)
		}
	}
	return unique(all)
}

// ownWebSeed is the folder to which clients append the torrent's name (BEP 19).
func ownWebSeed(base, slug string) string { return base + slug + "/" + filesDir + "/" }

func unique(in []string) []string {
	var out []string
	for _, s := range in {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// tiers puts each tracker into a tier of its own, so that clients that announce
// to one tier after another reach all of them.
func tiers(trackers []string) [][]string {
	var out [][]string
	for _, t := range trackers {
		out = append(out, []string{t})
	}
	return out
}
