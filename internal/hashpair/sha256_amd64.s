#include "funcdata.h"
#include "textflag.h"

// SHA-256 of two messages at once (FIPS 180-4 §6.2.2), with the instructions that the
// processor has for it. Each of them waits for the one before; two messages that do
// not depend on each other fill the gaps.
//
// ABEF and CDGH are the state of a message, as SHA256RNDS2 wants it; M0 to M3 are
// sixteen words of its schedule. X0 is the operand that SHA256RNDS2 does not name.

#define ABEF X1
#define CDGH X2
#define M0 X3
#define M1 X4
#define M2 X5
#define M3 X6
#define abef X7
#define cdgh X8
#define m0 X9
#define m1 X10
#define m2 X11
#define m3 X12
#define TEMP X13
#define temp X14
#define SWAP X15

// LOAD reads sixteen bytes as four words.
#define LOAD(offset, message, m) \
	MOVOU offset(message), m \
	PSHUFB SWAP, m

// ROUNDS does four rounds with the words in m; four turns of it take 64 bytes.
#define ROUNDS(k, m, s0, s1) \
	MOVO m, X0; \
	PADDD k*16(AX), X0; \
	SHA256RNDS2 X0, s0, s1; \
	PSHUFD $0x0E, X0, X0; \
	SHA256RNDS2 X0, s1, s0

// NEXT finishes the four words after m, whose place is next; before is what stood in
// front of m.
#define NEXT(m, before, next, t) \
	MOVO m, t; \
	PALIGNR $4, before, t; \
	PADDD t, next; \
	SHA256MSG2 m, next

#define PAIR(k, M, m) \
	ROUNDS(k, M, ABEF, CDGH); \
	ROUNDS(k, m, abef, cdgh)

// FULL is four rounds for both, and the schedule for the rounds that follow.
#define FULL(k, B, M, N, b, m, n) \
	ROUNDS(k, M, ABEF, CDGH); \
	NEXT(M, B, N, TEMP); \
	SHA256MSG1 M, B; \
	ROUNDS(k, m, abef, cdgh); \
	NEXT(m, b, n, temp); \
	SHA256MSG1 m, b

// LAST is FULL where no more words begin.
#define LAST(k, B, M, N, b, m, n) \
	ROUNDS(k, M, ABEF, CDGH); \
	NEXT(M, B, N, TEMP); \
	ROUNDS(k, m, abef, cdgh); \
	NEXT(m, b, n, temp)

// STATE turns words a to h at p into the order of the instructions, and back.
#define PACK(p, s0, s1, t) \
	MOVOU (p), t; \
	MOVOU 16(p), s1; \
	PSHUFD $0xB1, t, t; \
	PSHUFD $0x1B, s1, s1; \
	MOVO t, s0; \
	PALIGNR $8, s1, s0; \
	PBLENDW $0xF0, t, s1

#define UNPACK(p, s0, s1, t) \
	PSHUFD $0x1B, s0, t; \
	PSHUFD $0xB1, s1, s1; \
	MOVO t, s0; \
	PBLENDW $0xF0, s1, s0; \
	PALIGNR $8, t, s1; \
	MOVOU s0, (p); \
	MOVOU s1, 16(p)

// func sha256Pair(a, b *[8]uint32, p, q *byte, blocks int)
TEXT ·sha256Pair(SB), NOSPLIT, $64-40
	NO_LOCAL_POINTERS
	MOVQ a+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ p+16(FP), R8
	MOVQ q+24(FP), R9
	MOVQ blocks+32(FP), CX
	LEAQ k256<>(SB), AX
	MOVOU swap256<>(SB), SWAP
	PACK(DI, ABEF, CDGH, TEMP)
	PACK(SI, abef, cdgh, temp)

block:
	MOVOU ABEF, 0(SP)
	MOVOU CDGH, 16(SP)
	MOVOU abef, 32(SP)
	MOVOU cdgh, 48(SP)
	LOAD(0, R8, M0)
	LOAD(0, R9, m0)
	PAIR(0, M0, m0)
	LOAD(16, R8, M1)
	LOAD(16, R9, m1)
	PAIR(1, M1, m1)
	SHA256MSG1 M1, M0
	SHA256MSG1 m1, m0
	LOAD(32, R8, M2)
	LOAD(32, R9, m2)
	PAIR(2, M2, m2)
	SHA256MSG1 M2, M1
	SHA256MSG1 m2, m1
	LOAD(48, R8, M3)
	LOAD(48, R9, m3)
	FULL(3, M2, M3, M0, m2, m3, m0)
	FULL(4, M3, M0, M1, m3, m0, m1)
	FULL(5, M0, M1, M2, m0, m1, m2)
	FULL(6, M1, M2, M3, m1, m2, m3)
	FULL(7, M2, M3, M0, m2, m3, m0)
	FULL(8, M3, M0, M1, m3, m0, m1)
	FULL(9, M0, M1, M2, m0, m1, m2)
	FULL(10, M1, M2, M3, m1, m2, m3)
	FULL(11, M2, M3, M0, m2, m3, m0)
	FULL(12, M3, M0, M1, m3, m0, m1)
	LAST(13, M0, M1, M2, m0, m1, m2)
	LAST(14, M1, M2, M3, m1, m2, m3)
	PAIR(15, M3, m3)
	MOVOU 0(SP), TEMP
	PADDD TEMP, ABEF
	MOVOU 16(SP), TEMP
	PADDD TEMP, CDGH
	MOVOU 32(SP), temp
	PADDD temp, abef
	MOVOU 48(SP), temp
	PADDD temp, cdgh
	ADDQ $64, R8
	ADDQ $64, R9
	DECQ CX
	JNZ  block

	UNPACK(DI, ABEF, CDGH, TEMP)
	UNPACK(SI, abef, cdgh, temp)
	RET

DATA swap256<>+0(SB)/8, $0x0405060700010203
DATA swap256<>+8(SB)/8, $0x0c0d0e0f08090a0b
GLOBL swap256<>(SB), RODATA|NOPTR, $16

// The constants of FIPS 180-4 §4.2.2.
DATA k256<>+0(SB)/8, $0x71374491428a2f98
DATA k256<>+8(SB)/8, $0xe9b5dba5b5c0fbcf
DATA k256<>+16(SB)/8, $0x59f111f13956c25b
DATA k256<>+24(SB)/8, $0xab1c5ed5923f82a4
DATA k256<>+32(SB)/8, $0x12835b01d807aa98
DATA k256<>+40(SB)/8, $0x550c7dc3243185be
DATA k256<>+48(SB)/8, $0x80deb1fe72be5d74
DATA k256<>+56(SB)/8, $0xc19bf1749bdc06a7
DATA k256<>+64(SB)/8, $0xefbe4786e49b69c1
DATA k256<>+72(SB)/8, $0x240ca1cc0fc19dc6
DATA k256<>+80(SB)/8, $0x4a7484aa2de92c6f
DATA k256<>+88(SB)/8, $0x76f988da5cb0a9dc
DATA k256<>+96(SB)/8, $0xa831c66d983e5152
DATA k256<>+104(SB)/8, $0xbf597fc7b00327c8
DATA k256<>+112(SB)/8, $0xd5a79147c6e00bf3
DATA k256<>+120(SB)/8, $0x1429296706ca6351
DATA k256<>+128(SB)/8, $0x2e1b213827b70a85
DATA k256<>+136(SB)/8, $0x53380d134d2c6dfc
DATA k256<>+144(SB)/8, $0x766a0abb650a7354
DATA k256<>+152(SB)/8, $0x92722c8581c2c92e
DATA k256<>+160(SB)/8, $0xa81a664ba2bfe8a1
DATA k256<>+168(SB)/8, $0xc76c51a3c24b8b70
DATA k256<>+176(SB)/8, $0xd6990624d192e819
DATA k256<>+184(SB)/8, $0x106aa070f40e3585
DATA k256<>+192(SB)/8, $0x1e376c0819a4c116
DATA k256<>+200(SB)/8, $0x34b0bcb52748774c
DATA k256<>+208(SB)/8, $0x4ed8aa4a391c0cb3
DATA k256<>+216(SB)/8, $0x682e6ff35b9cca4f
DATA k256<>+224(SB)/8, $0x78a5636f748f82ee
DATA k256<>+232(SB)/8, $0x8cc7020884c87814
DATA k256<>+240(SB)/8, $0xa4506ceb90befffa
DATA k256<>+248(SB)/8, $0xc67178f2bef9a3f7
GLOBL k256<>(SB), RODATA|NOPTR, $256
