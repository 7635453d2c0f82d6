package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/** How rows of tokens get to the ranks that have their experts. */
sealed interface TokenRoute permits DirectRoute, HostRoute {
    /** Rows that are on their way. */
    interface Journey {
        /**
         * Waits for them and sorts them by expert; to be called once.
         *
         * @param room makes [rows, D] for those of this rank's experts, when they have come
         * @return what it has made
         */
        Tensor arrange(Supplier<Tensor> room);

        /** Gives up rows that were not entrusted to the tape, and that nobody will wait for. */
        void drop();
    }

    /**
     * Sends the rows of tokens [n, D].
     *
     * @param entrusted whether the tape gives the rows back when its current scope ends before they are arranged, since something
     *     between has failed; they are then to be arranged in this scope
     */
    Journey send(Tensor x, boolean entrusted);

    /** What it alone keeps and backward needs. */
    List<Tensor> places();
}
