// Package feed holds the release record and writes the feeds that are built
// from it.
//
//	record.go    Channel, Release, File, Torrent, Link: the words all rooms share
//	media.go     which files are media, and which of them a player opens
//	urls.go      where a release is found below the channel's base URL
//	read.go      ReadRelease and Marshal: release.json
//	validate.go  what a release.json may say
//	text.go      cleaning of texts, and the HTML description of an item
//	work.go      CreativeWork: schema.org JSON-LD of a release
//	list.go      List: releases that are read one after the other, newest first
//	render.go    what Write is given, as the feeds show it: cleaned, licences parsed
//	rss.go       what both RSS documents share
//	torrents.go  torrents.xml, for torrent clients
//	podcast.go   podcast.xml, for podcast apps
//	jsonfeed.go  feed.json
//	opml.go      channels.opml
//	write.go     Write: every document into a directory, only where it changed
//	document.go  Read: what an RSS document, ours or a stranger's, offers
//
// The release.json files are the only source of truth: Write learns nothing from
// the feeds on disk but the lastBuildDate that their successors have to exceed.
// Nothing here opens a network connection, reads a clock or looks at media files.
package feed
