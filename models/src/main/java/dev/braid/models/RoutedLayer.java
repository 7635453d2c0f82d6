package dev.braid.models;

import java.util.Optional;

/**
 * A layer with a router, as declared.
 *
 * @param layer counted from 0
 * @param experts that the router chooses from
 * @param bias name of the parameter, F32 [experts], that is added to the scores for the choice alone
 * @param biasRate step of that bias
 * @param capacity whether an expert has room for so many tokens only
 */
public record RoutedLayer(int layer, int experts, Optional<String> bias, double biasRate, boolean capacity) {}
