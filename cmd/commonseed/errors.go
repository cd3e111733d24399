package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sort"
	"strings"
	"syscall"

	"commonseed/feed"
	"commonseed/license"
	"commonseed/license/stamp"
	"commonseed/publish"
	"commonseed/publish/torrentfile"
	"commonseed/templates"
)

// The exit codes are a contract with scripts.
const (
	exitDone        = 0
	exitFailed      = 1
	exitIncomplete  = 3 // some works failed
	exitRefused     = 10
	exitConflict    = 11 // exists, locked, port taken
	exitUnreachable = 12
	exitUsage       = 80
	exitInterrupted = 130
)

var errInternal = errors.New("this is a fault of commonseed")

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// incompleteError says that some works were published, or stamped, and others
// were not.
type incompleteError struct {
	done        string
	failed, all int
}

func (e *incompleteError) Error() string {
	return fmt.Sprintf("%d of %d were not %s", e.failed, e.all, e.done)
}

// portError is an address where nothing can be served.
type portError struct {
	flag, addr string
	err        error
}

func (e *portError) Error() string {
	if errors.Is(e.err, syscall.EADDRINUSE) {
		return fmt.Sprintf("%s: another program listens there already", e.addr)
	}
	return fmt.Sprintf("%s: %v", e.addr, rootCause(e.err))
}
func (e *portError) Unwrap() error { return e.err }

// advice is what a reader is told about an error beyond its text.
type advice struct {
	code int
	hint string
}

// advise gives the exit code of an error and the hint what to type next. It is
// the only place that knows either.
func advise(err error) advice {
	for _, rule := range []func(error) (advice, bool){adviseAfter, adviseLicence, adviseInput, adviseState} {
		if a, ok := rule(err); ok {
			return a
		}
	}
	return advice{exitFailed, ""}
}

const licenceHint = "pass --license cc-by-4.0, cc-by-sa-4.0, cc0 or another; " +
	"https://creativecommons.org/choose helps to choose"

// adviseLicence knows the errors that are about licences.
func adviseLicence(err error) (advice, bool) {
	var (
		version  *license.VersionError
		unknown  *license.UnknownError
		conflict *stamp.ConflictError
		refused  *publish.RefusedError
		doubt    *publish.DoubtError
		name     torrentfile.NameDoubt // in what a release adds, such as a sidecar
		file     *publish.FileError
		sidecar  *publish.SidecarError
	)
	switch {
	case errors.Is(err, publish.ErrNoLicense):
		return advice{exitUsage, licenceHint}, true
	case errors.Is(err, publish.ErrReserved):
		return advice{exitRefused, "nothing was written; " + licenceHint}, true
	case errors.As(err, &version):
		return advice{exitUsage, "say which version: " + strings.Join(first(version.Choices, 6), ", ")}, true
	case errors.As(err, &unknown):
		if near := unknown.Near(); len(near) > 0 {
			return advice{exitUsage, "did you mean " + strings.Join(near, ", ") + "?"}, true
		}
		return advice{exitUsage, licenceHint}, true
	case errors.As(err, &conflict):
		hint := "nothing was written; "
		if errors.As(err, &file) && file.Where != "" {
			hint += "correct " + file.Where + ", or "
		}
		return advice{exitRefused, hint + "pass --allow relicense if the rights are yours"}, true
	case errors.As(err, &sidecar):
		return advice{exitRefused, "nothing was written; correct the sidecar, or take it away to have one made"}, true
	case errors.As(err, &refused):
		return advice{exitRefused, "nothing was written; choose a licence that lets strangers pass the work on"}, true
	case errors.As(err, &doubt):
		return adviseDoubt(doubt.Lint), true
	case errors.As(err, &name):
		return adviseDoubt(name.Lint), true
	}
	return advice{}, false
}

// adviseDoubt knows what the creator can do about each lint.
func adviseDoubt(lint string) advice {
	code, mend := exitUsage, "mend it"
	switch lint {
	case "restricted-license":
		code = exitRefused
	case "reserved-name", "unportable-name", "case-collision":
		mend = "rename the file, give another --title"
	case "long-name":
		mend = "shorten it, or the --title that begins every path"
	}
	return advice{code, "nothing was written; " + mend + ", or pass --allow " + lint + " if it is meant so"}
}

// adviseInput knows the errors about what the creator gave.
func adviseInput(err error) (advice, bool) {
	var (
		usage       *usageError
		config      *publish.ConfigError
		value       *publish.ValueError
		name        *publish.NameError
		empty       *publish.EmptyDirError
		link        *publish.LinkError
		unsupported *stamp.UnsupportedError
		field       *feed.InvalidError
		page        *templates.Error
		pageName    *templates.UnknownFileError
		noTorrents  *noTorrentsError
		listLine    *lineError
	)
	switch {
	case errors.As(err, &usage):
		return advice{exitUsage, "run commonseed --help, or commonseed COMMAND --help"}, true
	case errors.As(err, &config):
		if config.Near != "" {
			return advice{exitUsage, fmt.Sprintf("did you mean %q?", config.Near)}, true
		}
		return advice{exitUsage, "commonseed init shows all keys, with comments"}, true
	case errors.As(err, &value):
		return advice{exitUsage, valueHint(value.Key)}, true
	case errors.As(err, &name):
		return advice{exitUsage, "nothing was written; rename the file, or give another --title"}, true
	case errors.As(err, &empty):
		return advice{exitUsage, "put the media there, or name another folder"}, true
	case errors.As(err, &link):
		return advice{exitUsage, "nothing was written; put the file itself in the link's place, or take the link away"}, true
	case errors.As(err, &unsupported):
		return advice{exitFailed, "nothing was written; a copy without that feature can be stamped"}, true
	case errors.As(err, &field):
		return advice{exitUsage, "nothing was written; correct it and run it again"}, true
	case errors.Is(err, publish.ErrNotRegular):
		return advice{exitUsage, "name a file with media in it, or a folder"}, true
	case errors.Is(err, publish.ErrInsideSource), errors.Is(err, errNoPlace):
		return advice{exitUsage, "nothing was written; name a directory elsewhere"}, true
	case errors.Is(err, publish.ErrNotFolder), errors.Is(err, syscall.ENOTDIR):
		return advice{exitUsage, "name a folder"}, true
	case errors.As(err, &page), errors.As(err, &pageName):
		return advice{exitUsage, "mend your template, or take it away to have the built-in one"}, true
	case errors.Is(err, publish.ErrNoCreator):
		return advice{exitUsage, `pass --creator "Your Name": the licence asks others to credit you by it`}, true
	case errors.Is(err, publish.ErrNoTitle):
		return advice{exitUsage, `pass --title "The Title"`}, true
	case errors.Is(err, errNothingAllowed), errors.As(err, &noTorrents):
		return advice{exitUsage, "pass --allow with a channel, a folder of .torrents, a .torrent or a list of infohashes"}, true
	case errors.As(err, &listLine):
		return advice{exitUsage, "write a torrent a line, by its infohash: 40 hex digits (v1), 64 (v2), or both"}, true
	case errors.Is(err, publish.ErrNoPaths):
		return advice{exitUsage, "name files or a folder: commonseed publish PATH..."}, true
	case errors.Is(err, stamp.ErrTruncated), errors.Is(err, stamp.ErrMalformed), errors.Is(err, stamp.ErrEmpty):
		return advice{exitFailed, "nothing was written; the file is damaged: copy or export it again"}, true
	}
	return advice{}, false
}

// adviseAfter knows the errors of which the cause is not the creator's present
// input, whatever it is.
func adviseAfter(err error) (advice, bool) {
	var (
		unfinished *publish.UnfinishedError
		broken     *publish.BrokenError
	)
	switch {
	case errors.As(err, &unfinished):
		return advice{exitFailed, "mend that, then run commonseed feed: it finishes them"}, true
	case errors.As(err, &broken):
		return advice{exitFailed, "restore that folder from a copy, or remove it and publish the work again"}, true
	}
	return advice{}, false
}

// adviseState knows the errors about the disk, the channel and the network.
func adviseState(err error) (advice, bool) {
	var (
		exists    *publish.ExistsError
		same      *publish.SameError
		locked    *publish.LockedError
		port      *portError
		mismatch  *torrentfile.MismatchError
		some      *incompleteError
		fetched   *fetchError
		silent    *noSeederError
		noChannel *noChannelError
	)
	switch {
	case errors.As(err, &silent):
		return advice{exitUnreachable, silent.hint()}, true
	case errors.As(err, &fetched):
		return advice{exitUnreachable, "check the address, or download it and show the file"}, true
	case errors.As(err, &some):
		return advice{exitIncomplete, "the others are done; mend these and run it again"}, true
	case errors.As(err, &exists):
		return advice{exitConflict, "the release there is untouched; pass another --slug or --title"}, true
	case errors.As(err, &same):
		return advice{exitConflict, "one torrent needs one release: leave out --slug, or change the work"}, true
	case errors.Is(err, fs.ErrExist):
		return advice{exitConflict, "it is untouched; take it away, or choose another place"}, true
	case errors.As(err, &locked):
		return advice{exitConflict, "nothing was written; wait for it, stop it, or use another --channel"}, true
	case errors.As(err, &port):
		code := exitUnreachable
		var spelling *net.AddrError
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			code = exitConflict
		case errors.As(err, &spelling):
			code = exitUsage
		}
		return advice{code, "nothing was written; choose another with " + port.flag + " (port 0 picks a free one)"}, true
	case errors.As(err, &mismatch):
		return advice{exitFailed, "the payload is not what the torrent describes: publish the work again under another slug"}, true
	case errors.Is(err, publish.ErrChanged):
		return advice{exitFailed, "nothing was published; wait until nothing writes to the file and run it again"}, true
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return advice{exitFailed, "nothing was published; make room there, or use a --channel on another disk"}, true
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return advice{exitFailed, "nothing was published; check the permissions, or use another --channel"}, true
	case errors.As(err, &noChannel):
		return advice{exitUsage, "name the folder of a channel; commonseed publish FILE makes one"}, true
	case errors.Is(err, fs.ErrNotExist):
		return advice{exitUsage, "check the spelling of the path"}, true
	case errors.Is(err, errInternal):
		return advice{exitFailed, "please report it with the command that led here; your own files are untouched"}, true
	}
	return advice{}, false
}

func valueHint(key string) string {
	switch key {
	case "allow":
		lints := make([]string, 0, len(publish.Lints))
		for lint := range publish.Lints {
			lints = append(lints, lint)
		}
		sort.Strings(lints)
		return "the lints are " + strings.Join(lints, ", ")
	case "date":
		return "write 2026, 2026-05 or 2026-05-01"
	}
	return "nothing was written; correct it and run it again"
}

func first(s []string, n int) []string { return s[:min(n, len(s))] }

// rootCause is the innermost error that still says something, so that a message
// does not repeat its path.
func rootCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
