package dev.braid.parallelism.memory;

import dev.braid.tensor.PeerFile;

/** The memory of one peer, as this rank reaches it. */
sealed interface Peer {
    boolean readable();

    /** The address of a range here; an {@link IllegalArgumentException} when it is not the peer's. */
    long resolve(long location, long bytes);

    boolean enter();

    void leave();

    /** Ends this side's use. */
    default void close() {}

    /** How the memory is read, or why not. */
    String describe();

    /** A rank of this JVM. A location is an address. */
    record InThisJvm(Publication publication) implements Peer {
        @Override
        public boolean readable() {
            return true;
        }

        @Override
        public long resolve(long location, long bytes) {
            if (!publication.memory().contains(location, bytes)) {
                throw new IllegalArgumentException(bytes + " bytes at location " + location
                        + " are not in the memory of rank " + publication.rank() + ", which lives in this JVM");
            }
            return location;
        }

        @Override
        public boolean enter() {
            return publication.readers().enter();
        }

        @Override
        public void leave() {
            publication.readers().leave();
        }

        @Override
        public String describe() {
            return "read in place, in this JVM" + (publication.readers().isShut() ? "; withdrawn" : "");
        }
    }

    /** A rank of another JVM of this host. A location is an offset in its memory file. Closing waits for this rank's readers. */
    record InFile(PeerFile file, Readers readers) implements Peer {
        @Override
        public boolean readable() {
            return true;
        }

        @Override
        public long resolve(long location, long bytes) {
            return file.address(location, bytes);
        }

        @Override
        public boolean enter() {
            return readers.enter();
        }

        @Override
        public void leave() {
            readers.leave();
        }

        @Override
        public void close() {
            readers.shut();
            file.close();
        }

        @Override
        public String describe() {
            return "read in place through " + file + ", " + file.mappedBytes() + " bytes mapped";
        }
    }

    /** A rank whose memory cannot be read, and why. */
    record OutOfReach(String reason) implements Peer {
        @Override
        public boolean readable() {
            return false;
        }

        @Override
        public long resolve(long location, long bytes) {
            throw new IllegalArgumentException("not read in place: " + reason);
        }

        @Override
        public boolean enter() {
            return false;
        }

        @Override
        public void leave() {
            throw new IllegalStateException("nothing was entered: " + reason);
        }

        @Override
        public String describe() {
            return "not read in place: " + reason;
        }
    }
}
