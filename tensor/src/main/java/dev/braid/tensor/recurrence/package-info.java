/**
 * The linear recurrence {@code S_t = Diag(w_t) S_{t-1} + b_t (a_t^T S_{t-1}) + k_t v_t^T} with its reads, forward and
 * backward: a facade that checks shapes, above a scalar reference that goes token by token and a Vector API implementation
 * that goes in chunks. Uses the products and packing of {@code attention} and a transposition of {@code matmul}; knows no tape.
 */
package dev.braid.tensor.recurrence;
