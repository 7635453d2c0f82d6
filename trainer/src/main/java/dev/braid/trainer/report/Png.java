package dev.braid.trainer.report;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** A picture of up to 256 colours as a PNG file (ISO/IEC 15948), without a toolkit. */
final class Png {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int BITS = 8;
    private static final int PALETTE = 3;

    private Png() {}

    /**
     * The file.
     *
     * @param pixels row by row, places in {@code colours}
     * @param colours as 0xRRGGBB
     */
    static byte[] of(int width, int height, byte[] pixels, int[] colours) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(SIGNATURE);
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
        header.put((byte) BITS).put((byte) PALETTE);
        chunk(file, "IHDR", header.array());
        ByteBuffer palette = ByteBuffer.allocate(3 * colours.length);
        for (int colour : colours) {
            palette.put((byte) (colour >> 16)).put((byte) (colour >> 8)).put((byte) colour);
        }
        chunk(file, "PLTE", palette.array());
        chunk(file, "IDAT", compressed(width, height, pixels));
        chunk(file, "IEND", new byte[0]);
        return file.toByteArray();
    }

    /** Each row begins with the number of its filter: 0, none. */
    private static byte[] compressed(int width, int height, byte[] pixels) {
        byte[] rows = new byte[height * (width + 1)];
        for (int row = 0; row < height; row++) {
            System.arraycopy(pixels, row * width, rows, row * (width + 1) + 1, width);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION)) {
            deflater.setInput(rows);
            deflater.finish();
            byte[] part = new byte[4096];
            while (!deflater.finished()) {
                out.write(part, 0, deflater.deflate(part));
            }
        }
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream file, String type, byte[] content) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 sum = new CRC32();
        sum.update(name);
        sum.update(content);
        file.writeBytes(
                ByteBuffer.allocate(Integer.BYTES).putInt(content.length).array());
        file.writeBytes(name);
        file.writeBytes(content);
        file.writeBytes(
                ByteBuffer.allocate(Integer.BYTES).putInt((int) sum.getValue()).array());
    }
}
