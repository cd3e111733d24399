//go:build !linux

package announce

func newAlarm() alarm { return newClockAlarm() }
