// Package gateway is the only way from an agent to a model. It speaks Anthropic Messages, OpenAI Chat Completions and OpenAI
// Responses to agents, holds the providers' keys, and forwards each request to a provider, a recording or a script.
//
// It promises that no request leaves before its worst case is reserved in every budget it counts against, that each answer is
// priced from the wire's own usage in integer nano-USD, that an answer's last bytes reach the agent only after the exchange was
// observed, and that what it cannot judge (a model without a price, a provider that may not see the data, a body with two models)
// is refused in words. Answers are passed on as the provider wrote them.
//
// It never gives an agent a key, never believes an agent about usage, never translates between formats, and never retries once
// the first byte of an answer was passed on.
package gateway
