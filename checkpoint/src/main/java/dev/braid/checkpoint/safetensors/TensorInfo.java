package dev.braid.checkpoint.safetensors;

import dev.braid.tensor.Shape;

/**
 * What the header says of one tensor.
 *
 * @param name its name in the file
 * @param type element type
 * @param shape extents; none at all is a scalar
 * @param begin first byte, counted from the start of the data
 * @param end first byte after it
 */
public record TensorInfo(String name, ElementType type, Shape shape, long begin, long end) {}
