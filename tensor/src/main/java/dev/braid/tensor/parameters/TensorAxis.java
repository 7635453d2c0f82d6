package dev.braid.tensor.parameters;

/**
 * The ranks that divide matrices among them (tensor parallelism), seen from one of them. Between the divided products they also
 * divide the tokens (sequence parallelism): {@code n} rows as evenly as can be, the first ranks having one more.
 */
public interface TensorAxis {
    /** One rank alone. */
    TensorAxis SINGLE = new TensorAxis() {
        @Override
        public int ranks() {
            return 1;
        }

        @Override
        public int rank() {
            return 0;
        }
    };

    /** Number of ranks. */
    int ranks();

    /** This one's place. */
    int rank();
}
