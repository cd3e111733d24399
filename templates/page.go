package templates

import (
	"io"

	"commonseed/feed"
)

// ReleasePage writes public/<slug>/index.html: one release with its media, its
// licence in plain words, and the ways to get it. ch.BaseURL may be "": absolute
// addresses are left out then. It fails if the catalogue does not hold the
// release's licence, with an *Error if a template is wrong, or as w does.
func (s *Set) ReleasePage(w io.Writer, ch feed.Channel, r feed.Release) error {
	data, err := newRelease(ch, r)
	if err != nil {
		return err
	}
	data.Style, data.Script = s.style, s.script
	return s.render(w, "release.html", data)
}

// ChannelPage writes public/index.html: all releases of the channel, newest
// first whatever the order of rels, and its feeds. Errors are those of
// ReleasePage.
func (s *Set) ChannelPage(w io.Writer, ch feed.Channel, rels []feed.Release) error {
	data, err := newChannel(ch, rels)
	if err != nil {
		return err
	}
	data.Style = s.style
	return s.render(w, "channel.html", data)
}
