// Package risk says how much can go wrong with a change: level = max(floor, band of the score). The floor follows from
// what the change touches and cannot be argued down; the score is a fixed-point sum of printed factors with shipped weights
// (docs/risk.md says how they were chosen and what they are worth). Both are pure functions of the gate's input document:
// integers only, no clock, no randomness, the same bits on every machine. The package never decides whether a change lands.
package risk
