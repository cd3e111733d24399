package templates

import (
	"bufio"
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
// first, and its feeds. Each release is read when its turn comes. Errors are those of
// ReleasePage and of reading; what was written before one is half a page.
func (s *Set) ChannelPage(w io.Writer, ch feed.Channel, rels feed.List) error {
	l := &listing{ch: ch, rels: rels}
	data := newChannel(ch, l)
	data.Style = s.style
	page := bufio.NewWriterSize(w, 64<<10)
	if err := s.pages.ExecuteTemplate(page, "channel.html", data); err != nil {
		return s.locate(err)
	}
	if l.err != nil {
		return l.err
	}
	return page.Flush()
}
