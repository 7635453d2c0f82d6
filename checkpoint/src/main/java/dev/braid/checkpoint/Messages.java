package dev.braid.checkpoint;

import java.io.IOException;
import java.util.OptionalLong;

/** Parts of messages that several classes need. */
final class Messages {
    private Messages() {}

    /** How many bytes are free, as the end of a sentence; empty when the store cannot say. */
    static String free(CheckpointStore store) {
        try {
            OptionalLong free = store.free();
            return free.isPresent() ? "; " + free.getAsLong() + " bytes are free there" : "";
        } catch (IOException unknown) {
            // The message that this is a part of reports a failure of the same store; that one matters.
            return "";
        }
    }
}
