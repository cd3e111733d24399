package origin

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/rc4"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// Message Stream Encryption: a handshake that looks like noise, after which the
// connection is in RC4 or in the clear. We take the clear where the peer offers
// it, since both sides have less to do then.
// http://wiki.vuze.com/w/Message_Stream_Encryption

const (
	mseKeySize = 96  // bytes of a public key
	mseMaxPad  = 512 // bytes
	mseClear   = 0x01
	mseRC4     = 0x02
	mseDiscard = 1024 // bytes of each key stream
)

var (
	msePrime, _ = new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"+
		"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A36210000000000090563", 16)
	mseVC = make([]byte, 8) // verification constant
)

var errMSE = errors.New("encryption handshake failed")

// secretKey is what an infohash is found by in an encryption handshake.
type secretKey = [sha1.Size]byte

func secretKeyOf(infohash [20]byte) secretKey { return mseHash("req2", infohash[:]) }

func mseHash(parts ...any) (sum [sha1.Size]byte) {
	h := sha1.New()
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			io.WriteString(h, p)
		case []byte:
			h.Write(p)
		}
	}
	return [sha1.Size]byte(h.Sum(nil))
}

// mseExchange is our half of a Diffie-Hellman exchange.
type mseExchange struct{ private *big.Int }

func newMSEExchange() mseExchange {
	var b [20]byte
	rand.Read(b[:])
	return mseExchange{new(big.Int).SetBytes(b[:])}
}

func (x mseExchange) public() []byte {
	return new(big.Int).Exp(big.NewInt(2), x.private, msePrime).FillBytes(make([]byte, mseKeySize))
}

// secret is what both sides know. A public key that would make it known to
// everybody is refused.
func (x mseExchange) secret(public []byte) ([]byte, error) {
	y := new(big.Int).SetBytes(public)
	if y.Cmp(big.NewInt(1)) <= 0 || y.Cmp(new(big.Int).Sub(msePrime, big.NewInt(1))) >= 0 {
		return nil, errMSE
	}
	return y.Exp(y, x.private, msePrime).FillBytes(make([]byte, mseKeySize)), nil
}

func mseCipher(name string, secret []byte, infohash [20]byte) *rc4.Cipher {
	key := mseHash(name, secret, infohash[:])
	c, err := rc4.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has a size that fits
	}
	skip := make([]byte, mseDiscard)
	c.XORKeyStream(skip, skip)
	return c
}

func msePad() []byte {
	var n [2]byte
	rand.Read(n[:])
	pad := make([]byte, int(binary.BigEndian.Uint16(n[:]))%(mseMaxPad+1))
	rand.Read(pad)
	return pad
}

// decrypting reads what a peer encrypts.
type decrypting struct {
	r io.Reader
	c *rc4.Cipher
}

func (d decrypting) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	d.c.XORKeyStream(b[:n], b[:n])
	return n, err
}

// synchronize reads until a mark has passed, which pads of a bounded size hide.
func synchronize(r *bufio.Reader, mark []byte) error {
	seen := make([]byte, 0, mseMaxPad+len(mark))
	for len(seen) < cap(seen) {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		if seen = append(seen, b); bytes.HasSuffix(seen, mark) {
			return nil
		}
	}
	return errMSE
}

// acceptEncrypted answers an encryption handshake and leaves the connection in
// what it carries.
func (c *conn) acceptEncrypted() error {
	theirs := make([]byte, mseKeySize)
	if _, err := io.ReadFull(c.r, theirs); err != nil {
		return err
	}
	x := newMSEExchange()
	secret, err := x.secret(theirs)
	if err != nil {
		return err
	}
	if err := c.emit(append(x.public(), msePad()...)); err != nil {
		return err
	}
	start := mseHash("req1", secret)
	if err := synchronize(c.r, start[:]); err != nil {
		return err
	}
	infohash, err := c.wanted(secret)
	if err != nil {
		return err
	}
	in, out := mseCipher("keyA", secret, infohash), mseCipher("keyB", secret, infohash)
	offered, first, err := readOffer(decrypting{c.r, in})
	if err != nil {
		return err
	}
	chosen := uint32(mseClear)
	if offered&mseClear == 0 {
		chosen = mseRC4
	}
	if offered&chosen == 0 {
		return errMSE
	}
	answer := binary.BigEndian.AppendUint32(bytes.Clone(mseVC), chosen)
	answer = append(answer, 0, 0) // no pad
	out.XORKeyStream(answer, answer)
	if err := c.emit(answer); err != nil {
		return err
	}
	c.settle(chosen, in, out, first)
	return nil
}

// wanted finds the infohash that a peer names by its hash.
func (c *conn) wanted(secret []byte) (infohash [20]byte, err error) {
	var named secretKey
	if _, err := io.ReadFull(c.r, named[:]); err != nil {
		return infohash, err
	}
	mask := mseHash("req3", secret)
	for i := range named {
		named[i] ^= mask[i]
	}
	infohash, ok := c.e.bySecret(named)
	if !ok {
		return infohash, fmt.Errorf("%w: unknown infohash", errMSE)
	}
	return infohash, nil
}

// readOffer reads which encryptions a peer offers, and what it says first.
func readOffer(r io.Reader) (offered uint32, first []byte, err error) {
	var head [14]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	if !bytes.Equal(head[:8], mseVC) {
		return 0, nil, errMSE
	}
	if _, err := readSized(r, binary.BigEndian.Uint16(head[12:]), mseMaxPad); err != nil {
		return 0, nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return 0, nil, err
	}
	first, err = readSized(r, binary.BigEndian.Uint16(size[:]), 1<<10)
	return binary.BigEndian.Uint32(head[8:]), first, err
}

func readSized(r io.Reader, n uint16, limit int) ([]byte, error) {
	if int(n) > limit {
		return nil, errMSE
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

// offerEncrypted begins an encryption handshake that carries our first words,
// and leaves the connection in what the peer chose.
func (c *conn) offerEncrypted(infohash [20]byte, first []byte) error {
	x := newMSEExchange()
	if err := c.emit(append(x.public(), msePad()...)); err != nil {
		return err
	}
	theirs := make([]byte, mseKeySize)
	if _, err := io.ReadFull(c.r, theirs); err != nil {
		return err
	}
	secret, err := x.secret(theirs)
	if err != nil {
		return err
	}
	in, out := mseCipher("keyB", secret, infohash), mseCipher("keyA", secret, infohash)
	start, named, mask := mseHash("req1", secret), secretKeyOf(infohash), mseHash("req3", secret)
	for i := range named {
		named[i] ^= mask[i]
	}
	offer := binary.BigEndian.AppendUint32(bytes.Clone(mseVC), mseClear|mseRC4)
	offer = append(offer, 0, 0) // no pad
	offer = binary.BigEndian.AppendUint16(offer, uint16(len(first)))
	offer = append(offer, first...)
	out.XORKeyStream(offer, offer)
	if err := c.emit(append(append(start[:], named[:]...), offer...)); err != nil {
		return err
	}
	// The constant, encrypted, ends the peer's pad.
	mark := bytes.Clone(mseVC)
	in.XORKeyStream(mark, mark)
	if err := synchronize(c.r, mark); err != nil {
		return err
	}
	var head [6]byte
	r := decrypting{c.r, in}
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	if _, err := readSized(r, binary.BigEndian.Uint16(head[4:]), mseMaxPad); err != nil {
		return err
	}
	chosen := binary.BigEndian.Uint32(head[:])
	if chosen != mseClear && chosen != mseRC4 {
		return errMSE
	}
	c.settle(chosen, in, out, nil)
	return nil
}

// settle has the connection go on as was chosen, after what was said first.
func (c *conn) settle(chosen uint32, in, out *rc4.Cipher, first []byte) {
	var rest io.Reader = c.r
	if chosen == mseRC4 {
		rest, c.cipher = decrypting{c.r, in}, out
	}
	c.encrypted = true
	c.r = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(first), rest), readAhead)
}

// emit writes b, which it may change, as the connection has it.
func (c *conn) emit(b []byte) error {
	if c.cipher != nil {
		c.cipher.XORKeyStream(b, b)
	}
	_, err := c.nc.Write(b)
	return err
}
