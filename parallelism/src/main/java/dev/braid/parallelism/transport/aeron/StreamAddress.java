package dev.braid.parallelism.transport.aeron;

/**
 * The text of an Aeron endpoint: {@code STREAM@PLACE}, where the place is the media driver's folder (ipc) or
 * {@code address:port} (udp).
 *
 * @param stream Aeron's stream id, drawn at random by the rank that receives
 * @param place where the stream is found
 */
record StreamAddress(int stream, String place) {
    /** @throws IllegalArgumentException when the text is not an endpoint */
    static StreamAddress parse(String text) {
        int at = text.indexOf('@');
        if (at > 0 && at < text.length() - 1) {
            try {
                return new StreamAddress(Integer.parseInt(text.substring(0, at)), text.substring(at + 1));
            } catch (NumberFormatException notANumber) {
                // Falls through to the one message for all faults.
            }
        }
        throw new IllegalArgumentException(
                "'" + text
                        + "' is not an endpoint of Aeron, which reads STREAM@FOLDER or STREAM@ADDRESS:PORT, such as 7@10.0.0.1:40123");
    }

    String text() {
        return stream + "@" + place;
    }
}
