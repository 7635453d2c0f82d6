/**
 * Mixtures of experts, seen from one rank: which experts a token goes to, and where its rows lie among those of an expert. See {@link
 * dev.braid.tensor.routing.Router} for the choice, {@link dev.braid.tensor.routing.Assignment} for the order of rows.
 */
package dev.braid.tensor.routing;
