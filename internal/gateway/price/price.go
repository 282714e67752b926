// Package price turns usage into integer nano-USD by a table with effective dates.
package price

// Table is a price table. The zero value knows no price.
type Table struct{}
