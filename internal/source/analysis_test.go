package source

var analysisCases = []struct{ data string }{{""}}
