package origin

import (
	"encoding/binary"
	"sync"
	"time"
)

// Bytes of blocks that are written at once: many to who takes them quickly, since
// a peer that takes none holds them in memory.
const (
	leastBatch = 32 << 10
	mostBatch  = 256 << 10
	quickly    = 10 * time.Millisecond
	slowly     = 200 * time.Millisecond
)

// tellNow is how many pieces a peer is told of at once.
const tellNow = 1000

// startLocked has what is queued written.
func (c *conn) startLocked() {
	if !c.writing && !c.closed {
		c.writing = true
		c.writers.Go(c.write)
	}
}

// write sends what is queued until nothing is left.
func (c *conn) write() {
	defer c.contain()
	for {
		control, blocks, more := c.take()
		if !more {
			return
		}
		if c.e.limited(c.a) && len(control) > 0 && len(blocks) > 0 {
			if c.deliver(control, nil) != nil { // does not wait for the blocks
				break
			}
			control = nil
		}
		if c.deliver(control, blocks) != nil {
			break
		}
	}
	c.close()
}

// take removes what is to be written next: with a limit of the rate one block,
// so that peers take turns. Without more the writer has ended.
func (c *conn) take() (control []byte, blocks []block, more bool) {
	most := c.batch
	if c.e.limited(c.a) {
		most = 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tellMore()
	control, c.control = c.control, nil
	n, size := 0, 0
	for n < len(c.queue) && (n == 0 || size+int(c.queue[n].length) <= most) {
		size += int(c.queue[n].length)
		n++
	}
	blocks = c.queue[:n:n]
	if c.queue = c.queue[n:]; len(c.queue) == 0 {
		c.queue = nil
	}
	signal(c.room)
	if len(control)+n == 0 || c.closed {
		c.writing = false
		return nil, nil, false
	}
	return control, blocks, true
}

// tellMore goes on telling of pieces that the peer was not told of.
func (c *conn) tellMore() {
	for n := 0; c.telling >= 0 && n < tellNow; c.telling++ {
		if c.telling >= c.told.n {
			c.telling = -1
			c.told = bitset{}
			return
		}
		if c.told.add(c.telling) {
			c.control = append(c.control, message(msgHave, binary.BigEndian.AppendUint32(nil, uint32(c.telling)))...)
			n++
		}
	}
}

// buffers hold what is written at once, and only while it is.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// deliver writes messages, and then the blocks.
func (c *conn) deliver(control []byte, blocks []block) error {
	pooled := buffers.Get().(*[]byte)
	defer buffers.Put(pooled)
	out, payload, err := c.fill((*pooled)[:0], control, blocks)
	*pooled = out[:0]
	if err != nil {
		c.e.unreadable(c.t, err)
		return err
	}
	if err := c.e.pay(c, payload); err != nil {
		return err
	}
	begun := time.Now()
	c.nc.SetWriteDeadline(begun.Add(stall))
	if err := c.emit(out); err != nil {
		return err
	}
	c.pace(time.Since(begun))
	c.wrote.Store(c.e.clock.Load())
	if payload > 0 {
		c.t.uploaded.Add(int64(payload))
		c.e.uploaded.Add(int64(payload))
		c.sent.Add(int64(payload))
		if c.super.Load() {
			c.a.sentTo(c, blocks, time.Now())
		}
	}
	return nil
}

// pace chooses the next batch by how long the last one took.
func (c *conn) pace(took time.Duration) {
	switch {
	case took < quickly:
		c.batch = min(2*c.batch, mostBatch)
	case took > slowly:
		c.batch = max(c.batch/2, leastBatch)
	}
}

// fill puts messages and blocks, which it reads, behind each other.
func (c *conn) fill(out, control []byte, blocks []block) (_ []byte, payload int, err error) {
	size := len(control)
	for _, b := range blocks {
		size += 13 + int(b.length)
		payload += int(b.length)
	}
	if cap(out) < size {
		out = make([]byte, 0, max(size, leastBatch+leastBatch/128))
	}
	out = append(out, control...)
	r := reading{a: c.a}
	for _, b := range blocks {
		out = binary.BigEndian.AppendUint32(out, 9+b.length)
		out = append(out, msgPiece)
		out = binary.BigEndian.AppendUint32(out, b.index)
		out = binary.BigEndian.AppendUint32(out, b.begin)
		n := len(out)
		out = out[:n+int(b.length)]
		if err := r.add(out[n:], int64(b.index)*c.a.pieceLength+int64(b.begin)); err != nil {
			return out, 0, err
		}
	}
	return out, payload, r.flush()
}

// pay waits until so many bytes may be uploaded.
func (e *Engine) pay(c *conn, n int) error {
	if !e.limited(c.a) {
		return nil
	}
	for n > 0 {
		part := min(n, maxBlock)
		if err := c.a.limit.WaitN(e.ctx, part); err != nil {
			return err
		}
		if err := e.limit.WaitN(e.ctx, part); err != nil {
			return err
		}
		n -= part
	}
	return nil
}
