#include "funcdata.h"
#include "textflag.h"

// SHA-1 of two messages at once (FIPS 180-4 §6.1.2); see sha256_amd64.s for why.
//
// ABCD and E0, E1 are the state of a message, as SHA1RNDS4 and SHA1NEXTE want it; M0
// to M3 are sixteen words of its schedule.

#define ABCD X0
#define E0 X1
#define E1 X2
#define M0 X3
#define M1 X4
#define M2 X5
#define M3 X6
#define abcd X7
#define e0 X8
#define e1 X9
#define m0 X10
#define m1 X11
#define m2 X12
#define m3 X13
#define SWAP X15

#define LOAD(offset, message, m) \
	MOVOU offset(message), m \
	PSHUFB SWAP, m

// ROUNDS does four rounds with the words in m. f is which function of §4.1.1 they use;
// e is what the rounds before left for these, other takes what the next ones need.
#define ROUNDS(f, m, s, e, other) \
	SHA1NEXTE m, e; \
	MOVO s, other; \
	SHA1RNDS4 $f, e, s

// SCHEDULE finishes the words in next, and goes on with those of the two places
// before m.
#define SCHEDULE(m, next, before, beforethat) \
	SHA1MSG2 m, next; \
	SHA1MSG1 m, before; \
	PXOR m, beforethat

#define PAIR(f, M, m, E, O, e, o) \
	ROUNDS(f, M, ABCD, E, O); \
	ROUNDS(f, m, abcd, e, o)

#define EVEN(f, M, N, B, A, m, n, b, a) \
	PAIR(f, M, m, E0, E1, e0, e1); \
	SCHEDULE(M, N, B, A); \
	SCHEDULE(m, n, b, a)

#define ODD(f, M, N, B, A, m, n, b, a) \
	PAIR(f, M, m, E1, E0, e1, e0); \
	SCHEDULE(M, N, B, A); \
	SCHEDULE(m, n, b, a)

// func sha1Pair(a, b *[5]uint32, p, q *byte, blocks int)
TEXT ·sha1Pair(SB), NOSPLIT, $64-40
	NO_LOCAL_POINTERS
	MOVQ a+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ p+16(FP), R8
	MOVQ q+24(FP), R9
	MOVQ blocks+32(FP), CX
	MOVOU swap1<>(SB), SWAP
	MOVOU (DI), ABCD
	PSHUFD $0x1B, ABCD, ABCD
	PXOR E0, E0
	PINSRD $3, 16(DI), E0
	MOVOU (SI), abcd
	PSHUFD $0x1B, abcd, abcd
	PXOR e0, e0
	PINSRD $3, 16(SI), e0

block:
	MOVOU ABCD, 0(SP)
	MOVOU E0, 16(SP)
	MOVOU abcd, 32(SP)
	MOVOU e0, 48(SP)
	LOAD(0, R8, M0)
	LOAD(0, R9, m0)
	PADDD M0, E0
	MOVO ABCD, E1
	SHA1RNDS4 $0, E0, ABCD
	PADDD m0, e0
	MOVO abcd, e1
	SHA1RNDS4 $0, e0, abcd
	LOAD(16, R8, M1)
	LOAD(16, R9, m1)
	PAIR(0, M1, m1, E1, E0, e1, e0)
	SHA1MSG1 M1, M0
	SHA1MSG1 m1, m0
	LOAD(32, R8, M2)
	LOAD(32, R9, m2)
	PAIR(0, M2, m2, E0, E1, e0, e1)
	SHA1MSG1 M2, M1
	PXOR M2, M0
	SHA1MSG1 m2, m1
	PXOR m2, m0
	LOAD(48, R8, M3)
	LOAD(48, R9, m3)
	ODD(0, M3, M0, M2, M1, m3, m0, m2, m1)
	EVEN(0, M0, M1, M3, M2, m0, m1, m3, m2)
	ODD(1, M1, M2, M0, M3, m1, m2, m0, m3)
	EVEN(1, M2, M3, M1, M0, m2, m3, m1, m0)
	ODD(1, M3, M0, M2, M1, m3, m0, m2, m1)
	EVEN(1, M0, M1, M3, M2, m0, m1, m3, m2)
	ODD(1, M1, M2, M0, M3, m1, m2, m0, m3)
	EVEN(2, M2, M3, M1, M0, m2, m3, m1, m0)
	ODD(2, M3, M0, M2, M1, m3, m0, m2, m1)
	EVEN(2, M0, M1, M3, M2, m0, m1, m3, m2)
	ODD(2, M1, M2, M0, M3, m1, m2, m0, m3)
	EVEN(2, M2, M3, M1, M0, m2, m3, m1, m0)
	ODD(3, M3, M0, M2, M1, m3, m0, m2, m1)
	EVEN(3, M0, M1, M3, M2, m0, m1, m3, m2)
	PAIR(3, M1, m1, E1, E0, e1, e0)
	SHA1MSG2 M1, M2
	PXOR M1, M3
	SHA1MSG2 m1, m2
	PXOR m1, m3
	PAIR(3, M2, m2, E0, E1, e0, e1)
	SHA1MSG2 M2, M3
	SHA1MSG2 m2, m3
	PAIR(3, M3, m3, E1, E0, e1, e0)
	MOVOU 16(SP), M0
	SHA1NEXTE M0, E0
	MOVOU 0(SP), M1
	PADDD M1, ABCD
	MOVOU 48(SP), m0
	SHA1NEXTE m0, e0
	MOVOU 32(SP), m1
	PADDD m1, abcd
	ADDQ $64, R8
	ADDQ $64, R9
	DECQ CX
	JNZ  block

	PSHUFD $0x1B, ABCD, ABCD
	MOVOU ABCD, (DI)
	PEXTRD $3, E0, 16(DI)
	PSHUFD $0x1B, abcd, abcd
	MOVOU abcd, (SI)
	PEXTRD $3, e0, 16(SI)
	RET

DATA swap1<>+0(SB)/8, $0x08090a0b0c0d0e0f
DATA swap1<>+8(SB)/8, $0x0001020304050607
GLOBL swap1<>(SB), RODATA|NOPTR, $16
