package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;

/**
 * A tensor that a stage passes on to the next one.
 *
 * @param shape [n, columns] of the rows that this rank of the tensor axis has
 * @param tokens rows on all ranks of the tensor axis together
 * @param divided whether these ranks divide the rows among them
 * @param differentiable whether a gradient comes back
 */
public record StageOutput(String name, DType dtype, Shape shape, int tokens, boolean divided, boolean differentiable) {}
