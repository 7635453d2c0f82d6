package dev.braid.tensor.recurrence;

/** Which state a token reads. */
public enum Read {
    /** {@code o_t = S_t^T q_t}: what the token wrote is read too. */
    AFTER_WRITE,
    /** {@code o_t = S_{t-1}^T q_t + (q_t^T Diag(u) k_t) v_t}, with the bonus {@code u} where one is given (RWKV-5, RWKV-6). */
    BEFORE_WRITE;

    /** Row of cumulative decays, counted from before the chunk's first token, that the query of token 0 sees. */
    int firstRow() {
        return switch (this) {
            case AFTER_WRITE -> 1;
            case BEFORE_WRITE -> 0;
        };
    }
}
