package gateway

type missError struct{}

func (e *missError) Error() string                                        { return "" }
func newRecorder(string, upstream, func(string) string) (upstream, error) { return nil, nil }
func openCassette(string) (upstream, error)                               { return nil, nil }
