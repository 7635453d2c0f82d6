/**
 * The parameters of a model: declared once by the model, divided by a layout, held by a store. A declaration has no memory, so
 * that a plan can look at models of any size.
 */
package dev.braid.tensor.parameters;
