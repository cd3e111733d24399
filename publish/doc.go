// Package publish is the conveyor: it turns a Work into a Release.
//
//	commonseed.toml + flags + files
//	  -> Work      config.go, work.go: what the author made, as described
//	  -> Plan      plan.go, source.go, names.go, filetype.go: every decision, nothing written
//	  -> Bundle    bundle.go: stamped copies, LICENSE.txt, metadata.json, staged
//	  -> Release   run.go: torrent and record, renamed into public/
//	  -> Site      site.go, roll.go, addresses.go: feeds and pages, from the records on disk
//
// channel.go is a channel on disk, verify.go and verify_feeds.go look at a release
// as a stranger would, stampfile.go stamps without publishing, limits.go reads
// the limits of [seed], init.go writes a new channel's
// commonseed.toml, errors.go holds the errors a caller tells apart.
//
// The creator's files are opened for reading only. Nothing here prints, reads the
// clock or the environment, or knows a Seeder.
package publish
