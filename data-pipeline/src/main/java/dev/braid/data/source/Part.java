package dev.braid.data.source;

import java.io.Serializable;
import org.apache.spark.broadcast.Broadcast;

/** A piece of a source that is read in one go. */
public sealed interface Part extends Serializable {
    /** No limit. */
    long UNLIMITED = Long.MAX_VALUE;

    /** Documents are taken while the clean text of those before has fewer bytes than this. */
    long limit();

    /** A guess at the bytes of text. */
    long textBytes();

    /**
     * A file, or the part {@code [start, end)} of one: the lines, or row groups, that begin there.
     *
     * @param address full Hadoop address
     */
    record FilePart(String address, FileFormat format, long start, long end, long limit) implements Part {
        @Override
        public long textBytes() {
            return format.textBytes(end - start);
        }

        /** The same part with another limit. */
        public FilePart limitedTo(long newLimit) {
            return new FilePart(address, format, start, end, newLimit);
        }
    }

    /**
     * Documents read by the driver, not yet clean, one after another.
     *
     * @param content all their bytes
     * @param ends where each ends
     */
    record Inline(Broadcast<byte[]> content, int[] ends, long textBytes) implements Part {
        @Override
        public long limit() {
            return UNLIMITED;
        }
    }
}
