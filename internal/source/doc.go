// Package source looks at the bytes of one file: what class it has, what an edit of it can be proven to do, what it imports,
// exports, tests and suppresses. It promises that nothing is called trivial (EffectNone to EffectDoc) unless it was proven,
// in linear time, for any input however hostile; docs/formats/classes.md says what is proven and how. It never reads a file,
// runs git, builds a syntax tree of more than one declaration, or trusts what a branch says about itself.
package source
