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
	UDP      bool     // Base is this process itself: its tracker is reached over UDP too
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
	base := c.Config.Channel.BaseURL
	if a.UDP = base == ""; !a.UDP {
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
	all := append(a.ownTrackers(), a.Trackers...)
	before := embedded(r.BaseURL)
	if a.Own && r.BaseURL == a.Base {
		before = before[:1] // the creator may have named UDP as another tracker
	}
	for _, t := range r.Torrent.Trackers {
		if r.BaseURL == "" || !slices.Contains(before, t) {
			all = append(all, t)
		}
	}
	return unique(all)
}

// ownTrackers are the addresses of the embedded tracker that are announced.
func (a Addresses) ownTrackers() []string {
	all := embedded(a.Base)
	switch {
	case !a.Own:
		return nil
	case !a.UDP:
		return all[:1]
	}
	return all
}

// embedded is where the tracker of a process that serves at base answers: over
// HTTP and, where the base names a port, over UDP.
func embedded(base string) []string {
	all := []string{base + "announce"}
	if u, err := url.Parse(base); err == nil && u.Port() != "" {
		all = append(all, "udp://"+u.Host+"/announce")
	}
	return all
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
// to one tier after another reach all of them. The addresses of the embedded one,
// which come first, are one tier: they lead to the same swarm.
func (a Addresses) tiers(trackers []string) (tiers [][]string) {
	if own := a.ownTrackers(); len(own) > 0 {
		tiers, trackers = [][]string{own}, trackers[len(own):]
	}
	for _, t := range trackers {
		tiers = append(tiers, []string{t})
	}
	return tiers
}
