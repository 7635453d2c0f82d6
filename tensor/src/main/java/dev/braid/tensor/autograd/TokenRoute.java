package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;
import java.util.List;

/** How rows of tokens get to the ranks that have their experts. */
sealed interface TokenRoute permits DirectRoute, HostRoute {
    /** Rows that are on their way. */
    interface Journey {
        /**
         * Waits for them and sorts them by expert; to be called once.
         *
         * @param arranged [rows, D] of this rank's experts
         */
        void arrange(Tensor arranged);
    }

    /** Sends the rows of tokens [n, D]. */
    Journey send(Tensor x);

    /** What it alone keeps and backward needs. */
    List<Tensor> places();
}
