package dev.braid.parallelism.memory;

import dev.braid.tensor.PeerFile;
import dev.braid.tensor.kernels.Addresses;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a rank tells others of its memory, as the text {@code TOKEN} or {@code TOKEN@PROCESS/FILE+OFFSET}. The token is 16 random
 * bytes. It names the memory inside the JVM; and it lies at an offset of the memory file, so that whoever opens the file knows
 * that it is the right one.
 */
record MemoryDescriptor(String token, Optional<InFile> file) {
    static final int TOKEN_BYTES = 16;
    private static final Pattern TEXT = Pattern.compile("([0-9a-f]{32})(?:@(\\d{1,18})/(\\d{1,9})\\+(\\d{1,18}))?");

    /** Where the token lies. */
    record InFile(long processId, int descriptor, long offset) {}

    static String newToken() {
        byte[] bytes = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** Empty when the text is not of this form. */
    static Optional<MemoryDescriptor> parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        if (matcher.group(2) == null) {
            return Optional.of(new MemoryDescriptor(matcher.group(1), Optional.empty()));
        }
        InFile file = new InFile(
                Long.parseLong(matcher.group(2)), Integer.parseInt(matcher.group(3)), Long.parseLong(matcher.group(4)));
        return Optional.of(new MemoryDescriptor(matcher.group(1), Optional.of(file)));
    }

    String text() {
        return token
                + file.map(at -> "@" + at.processId() + "/" + at.descriptor() + "+" + at.offset())
                        .orElse("");
    }

    static void writeToken(String token, long address) {
        byte[] bytes = HexFormat.of().parseHex(token);
        for (int i = 0; i < TOKEN_BYTES; i++) {
            Addresses.setByte(address + i, bytes[i]);
        }
    }

    private static String readToken(long address) {
        byte[] bytes = new byte[TOKEN_BYTES];
        for (int i = 0; i < TOKEN_BYTES; i++) {
            bytes[i] = Addresses.getByte(address + i);
        }
        return HexFormat.of().formatHex(bytes);
    }

    /** Opens the file and looks for the token. */
    PeerFile open(InFile at) throws IOException {
        PeerFile opened = PeerFile.open(at.processId(), at.descriptor());
        try {
            if (!readToken(opened.address(at.offset(), TOKEN_BYTES)).equals(token)) {
                throw new IOException(opened + " is another rank's memory: its token is not there");
            }
            return opened;
        } catch (IOException | RuntimeException failure) {
            opened.close();
            throw failure;
        }
    }
}
